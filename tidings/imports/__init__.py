"""Files of customers, orders and products from elsewhere: read, mapped to events, left to the pipeline."""
