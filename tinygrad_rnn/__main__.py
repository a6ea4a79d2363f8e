"""`python -m tinygrad_rnn` is `tinygrad-rnn`."""

from .cli.program import main

if __name__ == "__main__":
    main()
