"""Tools that reach out of Parley: requests to the customer's systems, and MCP servers."""
