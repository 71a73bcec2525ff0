"""Real servers from wheels: no root, no container, no installed package needed."""
