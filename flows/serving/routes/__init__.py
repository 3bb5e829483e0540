"""Routes: each turns a request into a question, asks, and writes the answer."""
