package main

import (
	"fmt"

	"richiamo/internal/app"
	"richiamo/internal/config"
)

// registryPlace is where a tenant's registry lies, and the key that seals it.
func registryPlace(configFile, tenant string) (dir string, key []byte, err error) {
	cfg, err := config.Load(configFile)
	if err != nil {
		return "", nil, err
	}
	for _, t := range cfg.Tenants {
		if t.ID == tenant {
			sealing := cfg.Key.Reveal()
			return app.RegistryDir(cfg, tenant), sealing[:], nil
		}
	}
	return "", nil, fmt.Errorf("%s has no tenant %q", configFile, tenant)
}
