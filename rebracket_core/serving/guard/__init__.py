"""Who is answered: paths, keys, hosts, proxies and rates, decided before a request reaches the API."""
