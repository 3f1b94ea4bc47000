package advice

import "testing"

// Going to a folder is no work, and no more than what is done there counts.
func TestModelOfCosts(t *testing.T) {
	for text, want := range map[string]float64{
		"RUN cd web && npm ci":                    costInstall,
		"RUN cd web && npm run build":             costCompile,
		"RUN cd web && ./generate":                costRun,
		"RUN cd web && npm config set fund false": costFolder,
		"RUN cd web":                              costFolder,
		"WORKDIR /app":                            costFolder,
		"COPY . .":                                costCopy,
	} {
		if got := modelled(text); got != want {
			t.Errorf("%s is taken for %v s, want %v s", text, got, want)
		}
	}
}
