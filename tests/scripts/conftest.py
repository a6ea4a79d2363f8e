collect_ignore_glob = ["programs/*"]  # scripts for PyTorch, which need not be installed
