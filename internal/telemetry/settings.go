package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"golang.org/x/net/http/httpguts"
)

// Limit is how long sending may take, however long OTEL_EXPORTER_OTLP_TIMEOUT is.
const Limit = 5 * time.Second

// The transports.
const (
	protocolHTTP = "http/protobuf"
	protocolGRPC = "grpc"
)

// settings are what the environment says.
type settings struct {
	protocol string
	endpoint *url.URL // of HTTP with the path of traces
	headers  map[string]string
	gzip     bool
	limit    time.Duration
	tls      *tls.Config // nil unless a certificate is given
	resource []attribute.KeyValue
	carrier  map[string]string // traceparent and tracestate
}

// environment looks variables up; an empty one counts as unset, as OpenTelemetry
// has it.
type environment func(string) string

func (e environment) get(name string) string { return strings.TrimSpace(e(name)) }

// otlp looks up a variable of the exporter: the one for traces stands before the
// one for all signals. It returns the variable's name too.
func (e environment) otlp(name string) (value, variable string) {
	for _, prefix := range []string{"OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"} {
		if v := e.get(prefix + name); v != "" {
			return v, prefix + name
		}
	}
	return "", ""
}

// wanted says whether the environment asks for an export.
func (e environment) wanted() bool {
	endpoint, _ := e.otlp("ENDPOINT")
	exporters := e.get("OTEL_TRACES_EXPORTER")
	return endpoint != "" && !strings.EqualFold(e.get("OTEL_SDK_DISABLED"), "true") &&
		(exporters == "" || slices.Contains(strings.FieldsFunc(exporters, func(r rune) bool { return r == ',' || r == ' ' }), "otlp"))
}

func readSettings(e environment) (*settings, error) {
	s := &settings{limit: Limit, carrier: map[string]string{"traceparent": e.get("TRACEPARENT"), "tracestate": e.get("TRACESTATE")}}
	if err := s.readEndpoint(e); err != nil {
		return nil, err
	}
	headers, variable := e.otlp("HEADERS")
	var err error
	if s.headers, err = pairs(headers, variable); err != nil {
		return nil, err
	}
	for name, value := range s.headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, misuse("write it as NAME=VALUE,NAME=VALUE, percent-encoded", "%s holds what no header can be", variable)
		}
	}
	switch v, variable := e.otlp("COMPRESSION"); v {
	case "", "none":
	case "gzip":
		s.gzip = true
	default:
		return nil, misuse("use gzip or none", "%s is unknown", variable)
	}
	if v, variable := e.otlp("TIMEOUT"); v != "" {
		ms, err := strconv.Atoi(v)
		if err != nil || ms < 0 {
			return nil, misuse("give it in milliseconds", "%s is no number", variable)
		}
		if d := time.Duration(ms) * time.Millisecond; ms > 0 && ms < int(Limit/time.Millisecond) {
			s.limit = d
		}
	}
	if err := s.readCertificates(e); err != nil {
		return nil, err
	}
	return s, s.readResource(e)
}

func (s *settings) readEndpoint(e environment) error {
	var variable string
	s.protocol, variable = e.otlp("PROTOCOL")
	switch s.protocol {
	case "":
		s.protocol = protocolHTTP
	case protocolHTTP, protocolGRPC:
	default:
		return misuse("use http/protobuf or grpc", "%s is a protocol that is not spoken here", variable)
	}
	v, variable := e.otlp("ENDPOINT")
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return misuse("write it as http://HOST:PORT or https://HOST:PORT", "%s is no address of a collector", variable)
	}
	if variable == "OTEL_EXPORTER_OTLP_ENDPOINT" {
		u.Path = path.Join("/", u.Path, "v1/traces")
	}
	u.User, u.RawQuery, u.Fragment, u.RawPath = nil, "", "", ""
	s.endpoint = u
	return nil
}

func (s *settings) readCertificates(e environment) error {
	authority, variable := e.otlp("CERTIFICATE")
	cert, certVariable := e.otlp("CLIENT_CERTIFICATE")
	key, keyVariable := e.otlp("CLIENT_KEY")
	switch {
	case authority == "" && (cert == "" || key == ""):
		return nil
	case s.endpoint.Scheme == "http":
		return misuse("make the endpoint https://, or leave the certificate away", "%s is set, but the collector's address is http://", first(variable, certVariable))
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if authority != "" {
		pem, err := os.ReadFile(authority)
		if err != nil {
			return misuse("name a readable file", "reading the file of %s: %w", variable, cause(err))
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
			return misuse("name a file of PEM blocks", "the file of %s holds no certificate", variable)
		}
	}
	if cert != "" && key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return misuse("name a certificate and its key, both PEM", "%s and %s are no pair: %w", certVariable, keyVariable, cause(err))
		}
		s.tls.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// readResource takes the attributes of the resource, of which the name of the
// service can stand in a variable of its own.
func (s *settings) readResource(e environment) error {
	given, err := pairs(e.get("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES")
	if err != nil {
		return err
	}
	name := string(semconv.ServiceNameKey)
	given[name] = first(e.get("OTEL_SERVICE_NAME"), given[name], "layercause")
	for key, value := range given {
		s.resource = append(s.resource, attribute.String(key, value))
	}
	return nil
}

// pairs reads KEY=VALUE,KEY=VALUE with percent-encoded values.
func pairs(text, variable string) (map[string]string, error) {
	out := map[string]string{}
	for entry := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, value, found := strings.Cut(entry, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || name == "" || err != nil {
			return nil, misuse("write it as NAME=VALUE,NAME=VALUE, percent-encoded", "%s holds an entry that is no NAME=VALUE", variable)
		}
		out[name] = value
	}
	return out, nil
}

// cause is an error without the file's name, which is nobody's business.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Error is why a build could not be sent.
type Error struct {
	Err  error
	Hint string // what to do next
}

func (e *Error) Error() string { return "exporting the trace: " + e.Err.Error() }

// Unwrap returns the error itself.
func (e *Error) Unwrap() error { return e.Err }

func misuse(hint, format string, args ...any) *Error {
	return &Error{fmt.Errorf(format, args...), hint}
}
