// VarveKernels
