"""Who labels what next: order, leases, suggestions and query strategies."""
