"""Real clusters: deploy a world to them and check it there."""
