package builder

// A Login is a user of a registry.
type Login struct{ Username, Password string }

// Logins are credentials by registry, HOST or HOST:PORT; that of Docker Hub is
// docker.io.
type Logins map[string]Login

// Find returns the login for a registry under any of its names.
func (l Logins) Find(host string) (Login, bool) {
	switch host {
	case "registry-1.docker.io", "index.docker.io", dockerHubKey:
		host = "docker.io"
	}
	login, ok := l[host]
	return login, ok
}
