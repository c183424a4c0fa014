// VarveCompaction
