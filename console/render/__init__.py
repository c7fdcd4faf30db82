"""Values to what people read: amounts, tables and sentences. Knows no terminal library."""
