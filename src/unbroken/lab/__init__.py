"""A signed Internet on loopback, and the catalogue of ways to break it. `unbroken.lab.run.Lab` is the way in."""
