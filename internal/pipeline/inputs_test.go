package pipeline

import (
	"slices"
	"testing"

	"github.com/layercause/layercause/internal/action"
)

// A flag is named as an input that there is.
func TestInputsOfFlags(t *testing.T) {
	for flag, input := range inputOf {
		if !slices.ContainsFunc(action.Specs(), func(s action.Spec) bool { return s.Name == input }) {
			t.Errorf("--%s is named as the input %s, which there is not", flag, input)
		}
		if slices.ContainsFunc(action.Specs(), func(s action.Spec) bool { return s.Name == flag }) {
			t.Errorf("--%s is an input of its own", flag)
		}
	}
}
