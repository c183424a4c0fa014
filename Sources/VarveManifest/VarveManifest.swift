// VarveManifest
