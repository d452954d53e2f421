"""Taking over tickets from elsewhere: `flask import tickets FILE.csv`."""
