package record

import (
	"strings"
	"testing"
)

func TestRedactURLs(t *testing.T) {
	cases := []struct{ in, want string }{
		{"https://user:pass@example.com/x.git", "https://***@example.com/x.git"},
		{"https://ghp_secret@example.com/x", "https://***@example.com/x"},
		{"https://u:p@ss@example.com/x", "https://***@example.com/x"},
		{"https://u:pa/ss@example.com/x", "https://***@example.com/x"},
		{"https://u:8/ss@example.com/x", "https://u:8/ss@example.com/x"},
		{"ssh://git@example.com/x", "ssh://***@example.com/x"},
		{"git@example.com:o/x.git", "git@example.com:o/x.git"},
		{"RUN curl -u a https://a:b@x/ && curl http://c:d@y/", "RUN curl -u a https://***@x/ && curl http://***@y/"},
		{"https://example.com/pkg@1.2.3", "https://example.com/pkg@1.2.3"},
		{"https://example.com:8080/pkg@1.2.3", "https://example.com:8080/pkg@1.2.3"},
		{"https://example.com/?a=1&access_token=abc&b=2", "https://example.com/?a=1&access_token=***&b=2"},
		{"https://x/?sv=1&sig=a%2Fb%3D", "https://x/?sv=1&sig=***"},
		{"https://x/?X-Amz-Credential=AKIA&X-Amz-Signature=00ff#top", "https://x/?X-Amz-Credential=***&X-Amz-Signature=***#top"},
		{"https://x/?AWSAccessKeyId=A&Signature=B", "https://x/?AWSAccessKeyId=***&Signature=***"},
		{`"https://x/?private_token=abc"`, `"https://x/?private_token=***"`},
		{"https://oauth2:${TOKEN}@example.com/x", "https://oauth2:${TOKEN}@example.com/x"},
		{"https://$USER:$PASS@example.com/x", "https://$USER:$PASS@example.com/x"},
		{"https://${TOKEN:-secret}@example.com/x", "https://***@example.com/x"},
		{"https://x/?token=${TOKEN}", "https://x/?token=${TOKEN}"},
		{"user:pass@example.com/x", "***@example.com/x"},
		{`ref "user:p%40ss@example.com:5000/x": no`, `ref "***@example.com:5000/x": no`},
		{"type=registry,ref=user:pass@localhost:5000/x", "type=registry,ref=***@localhost:5000/x"},
		{"pushing user:pass@127.0.0.1:5000/x", "pushing ***@127.0.0.1:5000/x"},
		{"FROM example.com/app:v1@sha256:0f00", "FROM example.com/app:v1@sha256:0f00"},
		{"FROM app:v1@sha256:0f00/x", "FROM app:v1@sha256:0f00/x"},
		{"npm:react@18.2.0/server", "npm:react@18.2.0/server"},
		{"$USER:$PASS@example.com/x", "$USER:$PASS@example.com/x"},
		{"git@example.com:5000/x", "git@example.com:5000/x"},
		{"a mail to me:you@example.com", "a mail to me:you@example.com"},
		{"https://x/a:b@example.com/c", "https://x/a:b@example.com/c"},
		{"no URL at all, a=b", "no URL at all, a=b"},
	}
	for _, c := range cases {
		if got := RedactURLs(c.in); got != c.want {
			t.Errorf("RedactURLs(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

// FuzzRedactURLs states that a planted credential does not survive, whatever
// stands around it, and that redacting twice changes nothing more.
func FuzzRedactURLs(f *testing.F) {
	f.Add("RUN git clone ", "/repo.git && make")
	f.Add("https://a:b@", "?token=x&sig=y")
	f.Add("://", "@")
	f.Add("type=registry,ref=a:b@c.de/", ":5000/x")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "hunter2hunter2"
		once := RedactURLs(before + " https://me:" + secret + "@example.com/" + after + " me:" + secret + "@example.com/" + after)
		if strings.Contains(once, secret) && !strings.Contains(before+after, secret) {
			t.Errorf("the password is still in %q", once)
		}
		if twice := RedactURLs(once); twice != once {
			t.Errorf("redacting again gives\n%q, not\n%q", twice, once)
		}
	})
}
