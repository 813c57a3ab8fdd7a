"""The pages and the JSON of the review app, one blueprint each."""
