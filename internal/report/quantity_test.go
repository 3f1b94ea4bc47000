package report

import "testing"

func TestDuration(t *testing.T) {
	for _, tt := range []struct {
		seconds float64
		want    string
	}{
		{0, "0 s"}, {0.049, "0 s"}, {0.05, "0.1 s"}, {0.4, "0.4 s"}, {1, "1.0 s"}, {9.94, "9.9 s"},
		{9.96, "10 s"}, {41.2, "41 s"}, {59.4, "59 s"}, {59.6, "1m00s"}, {72, "1m12s"}, {3599.4, "59m59s"},
		{3599.6, "1h00m"}, {3720, "1h02m"}, {90000, "25h00m"}, {-3, "-3.0 s"}, {1e300, "forever"},
	} {
		if got := duration(tt.seconds); got != tt.want {
			t.Errorf("duration(%v) = %q, want %q", tt.seconds, got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		bytes int64
		want  string
	}{
		{0, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {84_310, "84 kB"}, {999_499, "999 kB"}, {999_500, "1.0 MB"},
		{148_200_000, "148 MB"}, {3_400_000_000, "3.4 GB"}, {1<<63 - 1, "9.2 EB"},
	} {
		if got := size(tt.bytes); got != tt.want {
			t.Errorf("size(%d) = %q, want %q", tt.bytes, got, tt.want)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want string
	}{{0, "0 %"}, {0.001, "1 %"}, {0.4, "40 %"}, {0.999, "99 %"}, {1, "100 %"}} {
		if got := percent(tt.rate); got != tt.want {
			t.Errorf("percent(%v) = %q, want %q", tt.rate, got, tt.want)
		}
	}
}

func TestCleanLine(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"COPY . .", "COPY . ."},
		{"  a \t b\r\nc  ", "a b c"},
		{"\x1b[31mred\x1b[0m", "red"},
		{"\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\", "text"},
		{"\x1b[31", "(blank)"},
		{"safe\u202egnp.exe\u2066", "safegnp.exe"},
		{"zero\u200bwidth\ufeff\u00ad", "zerowidth"},
		{"tag\U000e0041 vs\ufe0f", "tag vs"},
		{"a\u2028b\u0085c", "a bc"},
		{"", "(blank)"}, {"\x00\x07", "(blank)"},
		{"\xff", "\ufffd"},
		{"naïve 日本語", "naïve 日本語"},
	} {
		if got := cleanLine(tt.in); got != tt.want {
			t.Errorf("cleanLine(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestProse(t *testing.T) {
	mark := func(s sentence) string {
		out := ""
		for _, p := range s {
			if p.code {
				out += "<" + p.text + ">"
			} else {
				out += p.text
			}
		}
		return out
	}
	for _, tt := range []struct{ in, want string }{
		{"Copy package.json and package-lock.json before the source", "Copy <package.json> and <package-lock.json> before the source"},
		{"Move `ARG COMMIT` down, it re-runs (38 s).", "Move <ARG COMMIT> down, it re-runs (38 s)."},
		{"ask @octocat about #12", "ask <@octocat> about <#12>"},
		{"see https://evil.example/x, now", "see <https://evil.example/x>, now"},
		{"deadbeef and [x](y) ![i](z)", "<deadbeef> and <[x](y) ![i](z)>"},
		{"1. one", "<1>. one"},
		{"pays: 1m12s saved for 1.2 s, 31 s before", "pays: 1m12s saved for 1.2 s, 31 s before"},
		{"1.2. x 1234567 12. 1.x", "<1.2>. x <1234567 12>. <1.x>"},
		{"it takes 50 % of the time, not 7.5%", "it takes 50 % of the time, not 7.5%"},
		{"%APPDATA% %2e %20x 5%2e 100%%", "<%APPDATA% %2e %20x 5%2e 100%%>"},
		{"<!-- x --> # h", "<<!--> x <--> #> h"},
	} {
		if got := mark(prose(tt.in, 200)); got != tt.want {
			t.Errorf("prose(%q)\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestLinks(t *testing.T) {
	good := Links{Server: "https://github.example:8443", Repository: "octo/shop", Commit: "8d3f1c9a5b7e2046c1d8e9f0a1b2c3d4e5f60718", RunID: "12"}
	const base = "https://github.example:8443/octo/shop/"
	for _, tt := range []struct {
		name string
		got  string
		want string
	}{
		{"line", good.line("Dockerfile", 6, 6), base + "blob/" + good.Commit + "/Dockerfile#L6"},
		{"range", good.line("a b/(x)?.txt", 6, 9), base + "blob/" + good.Commit + "/a%20b/%28x%29%3F.txt#L6-L9"},
		{"run", good.run(), base + "actions/runs/12"},
		{"no line", good.line("Dockerfile", 0, 0), ""},
		{"out of the repository", good.line("../Dockerfile", 1, 1), ""},
		{"absolute", good.line("/Dockerfile", 1, 1), ""},
		{"bidi", good.line("a\u202eb", 1, 1), ""},
		{"script", Links{Server: "javascript:alert(1)", Repository: "a/b", Commit: good.Commit}.line("x", 1, 1), ""},
		{"user info", Links{Server: "https://a@b", Repository: "a/b", Commit: good.Commit}.line("x", 1, 1), ""},
		{"repository", Links{Server: good.Server, Repository: "a/b/c", Commit: good.Commit}.line("x", 1, 1), ""},
		{"dots", Links{Server: good.Server, Repository: "../b", Commit: good.Commit}.line("x", 1, 1), ""},
		{"commit", Links{Server: good.Server, Repository: "a/b", Commit: "main"}.line("x", 1, 1), ""},
		{"run id", Links{Server: good.Server, Repository: "a/b", RunID: "1)"}.run(), ""},
		{"zero", Links{}.line("x", 1, 1), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}
