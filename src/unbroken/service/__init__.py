"""The resolver as a service for a network: listeners, answers as clients want them, limits. No verdict is made here."""
