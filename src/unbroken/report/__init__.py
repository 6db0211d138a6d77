"""What was found, told: a chain as text for a terminal. Its JSON form is made by `unbroken.chain.json`."""
