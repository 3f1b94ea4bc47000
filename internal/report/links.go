package report

import (
	"net/url"
	"strconv"
	"strings"
)

// Links says where the lines of a report can be looked at. The zero value makes
// a report without links. A value that is not exactly of its form gives no link.
type Links struct {
	// Server is the web address of the forge, such as https://github.com.
	Server string
	// Repository is owner/name.
	Repository string
	// Commit is the full hash of the commit that was built.
	Commit string
	// RunID is the number of the workflow run whose summary has the full report.
	RunID string
	// Page is the path of report.html, which only [Terminal] shows.
	Page string
}

// line is the address of a line of a file of the commit, or "".
func (l Links) line(file string, line, endLine int) string {
	if !l.valid() || !isHash(l.Commit) || line < 1 {
		return ""
	}
	path, ok := urlPath(file)
	if !ok {
		return ""
	}
	u := l.Server + "/" + l.Repository + "/blob/" + l.Commit + "/" + path + "#L" + strconv.Itoa(line)
	if endLine > line {
		u += "-L" + strconv.Itoa(endLine)
	}
	return u
}

// commit is the address of a commit, or "".
func (l Links) commit(hash string) string {
	if !l.valid() || !isHash(hash) {
		return ""
	}
	return l.Server + "/" + l.Repository + "/commit/" + hash
}

// run is the address of the workflow run, or "".
func (l Links) run() string {
	if !l.valid() || len(l.RunID) > 20 || !only(l.RunID, isDigit) {
		return ""
	}
	return l.Server + "/" + l.Repository + "/actions/runs/" + l.RunID
}

func (l Links) valid() bool {
	owner, name, ok := strings.Cut(l.Repository, "/")
	return ok && isServer(l.Server) && isRepositoryName(owner) && isRepositoryName(name)
}

func isServer(s string) bool {
	host, ok := strings.CutPrefix(s, "https://")
	if !ok {
		if host, ok = strings.CutPrefix(s, "http://"); !ok {
			return false
		}
	}
	host, port, hasPort := strings.Cut(host, ":")
	if hasPort && (len(port) > 5 || !only(port, isDigit)) {
		return false
	}
	return len(host) < 254 && only(host, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '.' })
}

func isRepositoryName(s string) bool {
	return s != "." && s != ".." && len(s) <= 100 && only(s, func(c byte) bool {
		return isLetter(c) || isDigit(c) || c == '-' || c == '_' || c == '.'
	})
}

func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && only(s, isHex)
}

// urlPath escapes a path for a URL. It refuses what leads out of the repository
// or would not be shown as it is.
func urlPath(path string) (string, bool) {
	if path == "" || len(path) > 1024 {
		return "", false
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s == "" || s == "." || s == ".." || cleanLine(s) != s {
			return "", false
		}
		// PathEscape leaves some marks that mean something to Markdown or HTML.
		segments[i] = urlMarks.Replace(url.PathEscape(s))
	}
	return strings.Join(segments, "/"), true
}

var urlMarks = strings.NewReplacer("$", "%24", "&", "%26", "+", "%2B", "=", "%3D", ":", "%3A", "@", "%40",
	"(", "%28", ")", "%29", "*", "%2A", "'", "%27", "!", "%21")

// only says that s is not empty and every byte of it passes.
func only(s string, pass func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !pass(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
