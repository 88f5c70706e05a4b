"""Where records come from: files, folders, archives, uploads and standard input, in any registered format."""
