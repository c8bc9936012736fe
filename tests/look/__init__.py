"""How it looks: a gallery of all components, and pictures of it."""
