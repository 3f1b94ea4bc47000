package record

import (
	"regexp"
	"strings"
)

// struck stands in place of a credential.
const struck = "***"

var (
	// userinfo is what may stand between a scheme and the host: up to the last @
	// before the path, since people forget to encode one in a password.
	userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)([^/?#\s"'<>` + "`" + `]+)@`)
	// slashed is a password with an unencoded slash. A host's port is a number,
	// which tells it from https://host/path@version.
	slashed = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)([^/?#\s"'<>:@]+:[^/?#\s"'<>@]*[^0-9/?#\s"'<>@][^/?#\s"'<>@]*/[^\s"'<>@]*)@`)
	// schemeless is a registry with a login in front, which is no reference but is written.
	// A domain or a port tells its host from a package's version.
	schemeless = regexp.MustCompile(`(^|[\s"'=,(<>` + "`" + `])([^\s"'<>:@/=,(` + "`" + `]+:[^\s"'<>:@/,` + "`" + `]+)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::[0-9]+)?/|[A-Za-z0-9.-]+:[0-9]+/)`)
	// parameter is a query parameter that carries a credential.
	parameter = regexp.MustCompile(`(?i)([?&](?:` + strings.Join([]string{
		`[a-z0-9_-]*token`, `[a-z0-9_-]*secret`, `[a-z0-9_-]*passw(?:or)?d`, `pass`, `pwd`, `pw`,
		`api[_-]?key`, `[a-z]*access[_-]?key(?:[_-]?id)?`, `private[_-]?key`, `key`,
		`sig`, `[a-z0-9_-]*signature`, `[a-z0-9_-]*credentials?`, `auth(?:orization)?`, `jwt`,
	}, "|") + `)=)([^&#\s"'<>` + "`" + `]+)`)
	// variable is a reference to a variable, which tells a name and no value.
	variable = regexp.MustCompile(`^(?:\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\})$`)
)

// RedactURLs strikes out credentials in the URLs that a text contains:
// scheme://user:password@host becomes scheme://***@host, user:password@host/name becomes
// ***@host/name, and the values of query parameters that carry tokens or signatures
// become ***. References to variables, as in https://oauth2:${TOKEN}@host, stay: they
// hold no value, and a Dockerfile must still be recognised by its text. Redacting twice
// gives the same as redacting once.
func RedactURLs(text string) string {
	if !strings.ContainsAny(text, "@=") {
		return text
	}
	text = userinfo.ReplaceAllStringFunc(text, func(m string) string {
		p := userinfo.FindStringSubmatch(m)
		if named(p[2]) {
			return m
		}
		return p[1] + struck + "@"
	})
	text = schemeless.ReplaceAllStringFunc(text, func(m string) string {
		p := schemeless.FindStringSubmatch(m)
		if named(p[2]) {
			return m
		}
		return p[1] + struck + "@" + p[3]
	})
	text = slashed.ReplaceAllString(text, "${1}"+struck+"@")
	return parameter.ReplaceAllStringFunc(text, func(m string) string {
		p := parameter.FindStringSubmatch(m)
		if variable.MatchString(p[2]) {
			return m
		}
		return p[1] + struck
	})
}

// named reports whether user information holds variables only, or one of the
// fixed user names that forges ask for with a token.
func named(info string) bool {
	user, password, both := strings.Cut(info, ":")
	if !both {
		return variable.MatchString(info)
	}
	switch user {
	case "git", "oauth2", "token", "x-access-token", "x-token-auth", "gitlab-ci-token":
	default:
		if !variable.MatchString(user) {
			return false
		}
	}
	return variable.MatchString(password)
}
