"""The emulator: slices in Linux namespaces with real WireGuard tunnels."""
