"""What every screen is built from: lists, columns, filters, navigation."""
