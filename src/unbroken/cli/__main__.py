"""What `python -m unbroken.cli` runs."""

from unbroken.cli.entry import main

main()
