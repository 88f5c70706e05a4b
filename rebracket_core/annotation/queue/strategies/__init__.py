"""Query strategies: by which score a labelling queue is ordered. One method a module; `registry` holds them all."""
