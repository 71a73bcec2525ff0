"""Records as a graph of folders, documents, records and terms, in the forms that tools load."""
