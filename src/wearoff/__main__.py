"""`python -m wearoff` is the command `wearoff`."""

from wearoff.cli.app import main

if __name__ == "__main__":
    main()
