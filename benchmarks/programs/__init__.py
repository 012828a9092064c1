"""What runs in processes of its own: the contestants, what measures them, and the server that answers them."""
