// VarveStorageSimulation
