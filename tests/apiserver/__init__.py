"""A real kube-apiserver and etcd for the tests: build once, start in seconds, leave nothing behind."""
