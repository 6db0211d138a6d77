"""What `python -m unbroken.cli` runs."""

from unbroken.cli.main import main

main()
