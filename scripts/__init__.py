"""What the Makefile runs beside the product: pages made from code, bills of materials, the audit of dependencies."""
