package githubtest

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// fill makes an object that the named schema allows: the values given, and for
// every other property that is required the plainest value of its type. GitHub's
// objects have dozens of required properties that no test looks at.
func (d *description) fill(schema string, values map[string]any) map[string]any {
	return object(d.doc.Components.Schemas[schema].Value, values)
}

func object(s *openapi3.Schema, values map[string]any) map[string]any {
	filled := map[string]any{}
	for _, name := range s.Required {
		if property := s.Properties[name]; property != nil {
			filled[name] = plainest(property.Value)
		}
	}
	for name, value := range values {
		filled[name] = value
	}
	return filled
}

func plainest(s *openapi3.Schema) any {
	for _, alternatives := range [][]*openapi3.SchemaRef{s.AllOf, s.AnyOf, s.OneOf} {
		if len(alternatives) > 0 {
			return plainest(alternatives[0].Value)
		}
	}
	switch {
	case s.Nullable:
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("integer"), s.Type.Is("number"):
		return 0
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("array"):
		return []any{}
	case s.Type.Is("string"):
		return plainText(s.Format)
	}
	return object(s, nil)
}

func plainText(format string) string {
	switch {
	case strings.HasPrefix(format, "uri"):
		return "https://github.test/"
	case format == "date-time":
		return "2026-01-02T03:04:05Z"
	case format == "email":
		return "nobody@github.test"
	}
	return "-"
}
