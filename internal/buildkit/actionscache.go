package buildkit

import "strings"

// ActionsCache returns the address of the runner's cache service, empty if there is
// none, and says whether it has version 2 of the API.
//
// A container action is not told the version: the address of the second one says
// that it is that one, but for GitHub Enterprise Server, which has such an address
// for other services.
func ActionsCache(getenv func(string) (string, bool)) (address string, v2 bool) {
	results, _ := getenv("ACTIONS_RESULTS_URL")
	server, _ := getenv("GITHUB_SERVER_URL")
	told, _ := getenv("ACTIONS_CACHE_SERVICE_V2")
	if told != "" || results != "" && (server == "" || server == "https://github.com" || strings.HasSuffix(server, ".ghe.com")) {
		return results, true
	}
	address, _ = getenv("ACTIONS_CACHE_URL")
	return address, false
}
