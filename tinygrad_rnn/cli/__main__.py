"""`python -m tinygrad_rnn.cli` is `tinygrad-rnn`."""

from .program import main

if __name__ == "__main__":
    main()
