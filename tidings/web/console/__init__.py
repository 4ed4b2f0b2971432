"""The console: server-rendered pages below /console, assembled from the rooms' pages."""
