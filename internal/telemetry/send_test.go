package telemetry_test

import (
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/layercause/layercause/internal/telemetry"
	"github.com/layercause/layercause/internal/telemetry/telemetrytest"
)

// env is an environment for [telemetry.Send].
type env map[string]string

func (e env) get(name string) string { return e[name] }

// parentAndChild makes two spans with given times.
func parentAndChild(ctx context.Context, tracer trace.Tracer) {
	start := time.Unix(1_700_000_000, 5000)
	ctx, parent := tracer.Start(ctx, "parent", trace.WithTimestamp(start))
	_, child := tracer.Start(ctx, "child", trace.WithTimestamp(start.Add(time.Second)))
	child.End(trace.WithTimestamp(start.Add(2 * time.Second)))
	parent.End(trace.WithTimestamp(start.Add(3 * time.Second)))
}

func send(t *testing.T, e env) error {
	t.Helper()
	return telemetry.Send(t.Context(), e.get, []attribute.KeyValue{attribute.String("origin", "here"), attribute.String("both", "ours")}, parentAndChild)
}

func TestSend(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for name, c := range map[string]struct {
		env      func(*telemetrytest.Collector) env
		path     string
		header   map[string]string
		resource map[string]string
		child    bool // of TRACEPARENT's span
	}{
		"HTTP is the default": {
			env:  func(c *telemetrytest.Collector) env { return env{"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP + "/"} },
			path: "/v1/traces", resource: map[string]string{"service.name": "layercause", "origin": "here", "both": "ours"},
		},
		"HTTP below a path, with all there is": {
			env: func(c *telemetrytest.Collector) env {
				return env{
					"OTEL_EXPORTER_OTLP_ENDPOINT": " " + c.HTTP + "/below ", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b, x-other=c",
					"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TIMEOUT": "4000", "OTEL_TRACES_EXPORTER": "console,otlp",
					"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.name=no,team=a%2Cb,both=theirs", "TRACEPARENT": parent, "TRACESTATE": "v=1",
				}
			},
			path: "/below/v1/traces", header: map[string]string{"X-Key": "a b", "X-Other": "c", "Content-Encoding": "gzip"}, child: true,
			resource: map[string]string{"service.name": "shop", "team": "a,b", "origin": "here", "both": "theirs"},
		},
		"what is for traces stands before what is for all": {
			env: func(c *telemetrytest.Collector) env {
				return env{
					"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.HTTP + "/exactly",
					"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
					"OTEL_EXPORTER_OTLP_HEADERS": "x-key=no", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-key=yes",
				}
			},
			path: "/exactly", header: map[string]string{"X-Key": "yes"}, resource: map[string]string{"service.name": "layercause", "origin": "here", "both": "ours"},
		},
		"gRPC": {
			env: func(c *telemetrytest.Collector) env {
				return env{
					"OTEL_EXPORTER_OTLP_ENDPOINT": c.GRPC, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a",
					"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_RESOURCE_ATTRIBUTES": "service.name=given", "TRACEPARENT": parent,
				}
			},
			header: map[string]string{"x-key": "a"}, resource: map[string]string{"service.name": "given", "origin": "here", "both": "ours"}, child: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			collector := telemetrytest.Start(t)
			if err := send(t, c.env(collector)); err != nil {
				t.Fatal(err)
			}
			got := collector.Trace(t)
			if len(got.Spans) != 2 || got.Spans[0].Path != "parent" || got.Spans[1].Path != "parent/child" {
				t.Fatalf("spans: %+v", got.Spans)
			}
			p := got.Spans[0]
			if p.StartTimeUnixNano != 1_700_000_000_000_005_000 || p.EndTimeUnixNano-p.StartTimeUnixNano != 3e9 {
				t.Errorf("the parent is from %d to %d", p.StartTimeUnixNano, p.EndTimeUnixNano)
			}
			wantTrace, wantParent := hex.EncodeToString(p.TraceId), ""
			if c.child {
				wantTrace, wantParent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
			}
			if id, up := hex.EncodeToString(p.TraceId), hex.EncodeToString(p.ParentSpanId); id != wantTrace || up != wantParent {
				t.Errorf("the trace is %s below %q, want %s below %q", id, up, wantTrace, wantParent)
			}
			if d := cmp.Diff(c.resource, got.Resource); d != "" {
				t.Errorf("resource (-want +got):\n%s", d)
			}
			r := collector.Requests()[0]
			if r.Path != c.path {
				t.Errorf("sent to %q, want %q", r.Path, c.path)
			}
			for k, v := range c.header {
				if got := r.Headers[k]; len(got) != 1 || got[0] != v {
					t.Errorf("the header %s is %q, want %q", k, got, v)
				}
			}
		})
	}
}

// A trace of many spans goes in requests that every collector takes.
func TestSendManySpans(t *testing.T) {
	c := telemetrytest.Start(t)
	err := telemetry.Send(t.Context(), env{"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP}.get, nil, func(ctx context.Context, tracer trace.Tracer) {
		ctx, root := tracer.Start(ctx, "root")
		defer root.End()
		for i := range 2000 {
			_, s := tracer.Start(ctx, fmt.Sprint(i))
			s.End()
		}
	})
	if err != nil || len(c.Trace(t).Spans) != 2001 || len(c.Requests()) != 4 {
		t.Errorf("%d spans in %d requests: %v", len(c.Trace(t).Spans), len(c.Requests()), err)
	}
}

func TestNothingIsSentUnasked(t *testing.T) {
	c := telemetrytest.Start(t)
	for name, e := range map[string]env{
		"no endpoint":           {},
		"a blank endpoint":      {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
		"the SDK is off":        {"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP, "OTEL_SDK_DISABLED": "True"},
		"no exporter":           {"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP, "OTEL_TRACES_EXPORTER": "none"},
		"another exporter":      {"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP, "OTEL_TRACES_EXPORTER": "console"},
		"an unsampled parent":   {"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP, "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"},
		"off, and set up badly": {"OTEL_EXPORTER_OTLP_ENDPOINT": "nowhere", "OTEL_SDK_DISABLED": "true"},
	} {
		if err := send(t, e); err != nil || len(c.Requests()) != 0 {
			t.Errorf("%s: %v, %d requests", name, err, len(c.Requests()))
		}
	}
}

// What goes wrong is said in one line with a hint, without any secret, and soon.
func TestSendFails(t *testing.T) {
	const secret = "Pl4nt3d-s3cr3t"
	nobody := unused(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	collector := telemetrytest.Start(t)
	collector.Answer(func(r *http.Request) int {
		if strings.HasPrefix(r.URL.Path, "/redirect") {
			return http.StatusTemporaryRedirect
		}
		return http.StatusInternalServerError
	})
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	noPEM := filepath.Join(t.TempDir(), secret)
	if err := os.WriteFile(noPEM, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	host := func(url string) string { return strings.NewReplacer("http://", "", "https://", "").Replace(url) }
	for name, c := range map[string]struct {
		env  env
		want string
	}{
		"no URL":              {env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + secret + "%zz"}, "OTEL_EXPORTER_OTLP_ENDPOINT is no address"},
		"no scheme":           {env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": secret + ":4317"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is no address"},
		"an unknown protocol": {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_PROTOCOL": secret}, "OTEL_EXPORTER_OTLP_PROTOCOL is a protocol"},
		"no header":           {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_HEADERS": secret}, "OTEL_EXPORTER_OTLP_HEADERS holds an entry"},
		"a broken header":     {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_HEADERS": "x=" + secret + "%0A"}, "OTEL_EXPORTER_OTLP_HEADERS holds what no header"},
		"no duration":         {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_TIMEOUT": secret}, "OTEL_EXPORTER_OTLP_TIMEOUT is no number"},
		"no compression":      {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_COMPRESSION": secret}, "OTEL_EXPORTER_OTLP_COMPRESSION is unknown"},
		"no attributes":       {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_RESOURCE_ATTRIBUTES": secret}, "OTEL_RESOURCE_ATTRIBUTES holds an entry"},
		"no certificate file": {env{"OTEL_EXPORTER_OTLP_ENDPOINT": secure.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/" + secret}, "OTEL_EXPORTER_OTLP_CERTIFICATE: no such file"},
		"no certificate":      {env{"OTEL_EXPORTER_OTLP_ENDPOINT": secure.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE": noPEM}, "OTEL_EXPORTER_OTLP_CERTIFICATE holds no certificate"},
		"no key":              {env{"OTEL_EXPORTER_OTLP_ENDPOINT": secure.URL, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": noPEM, "OTEL_EXPORTER_OTLP_CLIENT_KEY": noPEM}, "are no pair"},
		"a needless one":      {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_CERTIFICATE": noPEM}, "the collector's address is http://"},
		"not trusted":         {env{"OTEL_EXPORTER_OTLP_ENDPOINT": secure.URL}, "a certificate that is not trusted"},
		"nobody there":        {env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + secret + ":" + secret + "@" + nobody + "/" + secret}, "http://" + nobody + " cannot be reached"},
		"nobody there, gRPC":  {env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + nobody, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://" + nobody + " is not available"},
		"too slow":            {env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + silent.Addr().String(), "OTEL_EXPORTER_OTLP_TIMEOUT": "200"}, "did not take it within 200ms"},
		"too slow, gRPC":      {env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + silent.Addr().String(), "OTEL_EXPORTER_OTLP_TIMEOUT": "200", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "did not take it within 200ms"},
		"refused":             {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP + "/" + secret}, host(collector.HTTP) + " answered 500 Internal Server Error"},
		"refused, gRPC":       {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.GRPC, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, host(collector.GRPC) + " answered PermissionDenied"},
		"sent elsewhere":      {env{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP + "/redirect"}, "answered 307 Temporary Redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, given := c.env["OTEL_EXPORTER_OTLP_HEADERS"]; !given {
				c.env["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=" + secret
			}
			begin := time.Now()
			err := send(t, c.env)
			if took := time.Since(begin); took > 4*time.Second {
				t.Errorf("it took %s", took)
			}
			var e *telemetry.Error
			if !errors.As(err, &e) || e.Hint == "" {
				t.Fatalf("%v is no error with a hint", err)
			}
			for _, text := range []string{err.Error(), e.Hint} {
				if strings.Contains(text, secret) || strings.Contains(text, "\n") {
					t.Errorf("the error says %q", text)
				}
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
	if n := len(collector.Requests()); n != 0 {
		t.Errorf("%d requests were taken", n)
	}
}

// A collector that is busy for a moment gets the trace all the same.
func TestSendAgain(t *testing.T) {
	c := telemetrytest.Start(t)
	asked := 0
	c.Answer(func(*http.Request) int {
		if asked++; asked == 1 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	if err := send(t, env{"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTP}); err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// The authority of a collector's certificate is taken from the file.
func TestSendOverTLS(t *testing.T) {
	asked := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := send(t, env{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE": file}); err != nil || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// unused is an address at which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
