from __future__ import annotations

import pytest

from kubeslice_sim.model.reference import is_address, port_number, split_port
from kubeslice_sim.model.suggest import meant


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("cart.shop.svc.slice.local", "cart.shop.svc.slice.local", None),
        ("cart.shop.svc.slice.local:80", "cart.shop.svc.slice.local", "80"),
        ("shop/cart@worker-1:80", "shop/cart@worker-1", "80"),
        ("10.1.0.1:", "10.1.0.1", ""),
        ("10.1.0.1:http", "10.1.0.1", "http"),
        ("fd00::1", "fd00::1", None),
        ("", "", None),
    ],
)
def test_host_and_port(text: str, host: str, port: str | None) -> None:
    assert split_port(text) == (host, port)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("65535", 65535), ("0", None), ("65536", None), ("", None), ("-1", None), ("http", None), ("٣", None),
     ("9" * 5000, None)],
)  # fmt: skip
def test_a_port_is_a_number_in_its_range(text: str, number: int | None) -> None:
    assert port_number(text) == number


def test_addresses() -> None:
    assert is_address("10.1.0.1")
    assert is_address("fd00::1")
    assert not is_address("cart.shop.svc.slice.local")


def test_a_hint_names_what_is_close_else_the_advice_else_what_there_is() -> None:
    assert meant("worker-l", ("worker-1", "hub"), "add a Cluster") == "did you mean worker-1?"
    assert meant("CART", ("cart",)) == "did you mean cart?"
    assert meant("zzz", ("worker-1",), "add a Cluster") == "add a Cluster"
    assert meant("zzz", ("worker-1",)) == "there is worker-1"
    assert meant("zzz", [f"c{i}" for i in range(9)]) == "there are c0, c1, c2, c3, c4, c5, c6, c7, …"
    assert meant("zzz", ()) == ""
