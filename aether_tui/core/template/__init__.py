"""Templates: Ollama's TEMPLATE (Go text/template) and the Jinja chat templates inside GGUF files."""
