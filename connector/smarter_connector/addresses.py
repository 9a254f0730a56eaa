"""Which network addresses the connector may send to.

URLs of subscriptions are typed by people of the tenants: without this check they could make the
connector call the services beside it (SSRF). The answer is about an address, not a name: names are
resolved by others, and may say one thing when asked and another when connected to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# RFC 6052: the last 32 bits are an IPv4 address behind a translator.
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True)
class AddressPolicy:
    """Public addresses, and of the private ones those an operator has listed.

    ``hosts`` are names in lower case; one that starts with ``*.`` stands for all below it.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> AddressPolicy:
        """Read host names, addresses and networks in CIDR notation."""
        networks, hosts = [], set()
        for entry in entries:
            try:
                networks.append(ip_network(entry.strip(), strict=False))
            except ValueError:
                hosts.add(entry.strip().lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def trusts(self, host: str) -> bool:
        """Whether any address of this host may be used."""
        host = host.lower().rstrip(".")
        labels = host.split(".")
        above = {"*." + ".".join(labels[n:]) for n in range(1, len(labels))}
        return host in self.hosts or not above.isdisjoint(self.hosts)

    def allows(self, text: str) -> bool:
        """Whether this address, as the socket is about to connect to it, may be used."""
        try:
            address = _innermost(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if any(address in network for network in self.networks):
            return True
        return address.is_global and not address.is_multicast


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 address of a transition mechanism leads to."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
