"""What watches a textback: alert rules for Prometheus, a dashboard for Grafana, and what each alarm means."""
