"""What films are drawn of: worlds, views of them, what happens in a shot, and how shots join."""
