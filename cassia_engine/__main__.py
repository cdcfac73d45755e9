"""`python -m cassia_engine` is the command `cassia`."""

from cassia_engine.cli import main

if __name__ == "__main__":
    main()
