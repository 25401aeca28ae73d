"""`python -m csm_lib` is `csm`."""

from csm_lib.cli import main

if __name__ == "__main__":
    main()
