"""This process itself: the threads of its linear algebra, and what ends it when it cannot end itself."""
