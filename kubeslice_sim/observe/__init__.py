"""One row schema for all back ends; expectations; comparison; verdict."""
