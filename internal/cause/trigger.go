package cause

import (
	"maps"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// broughtBy names what brought a trigger that the base does not have, or has with
// another text: the ONBUILD that was edited or is new, the FROM that names another
// stage, or the image that moved. It says nothing of other instructions.
func (e *explainer) broughtBy(h int) (string, bool) {
	d := &e.head.Dockerfile
	if h < 0 || !d.Instructions[h].Trigger {
		return "", false
	}
	stage := d.Instructions[h].Stage
	if stage < 0 || d.Stages[stage].Parent < 0 {
		return e.otherImage(h)
	}
	put := onbuildOf(d, h)
	if put < 0 {
		return "", false
	}
	b, paired := e.instructions[put]
	switch {
	case !paired:
		c := e.at(InstructionAdded, put)
		c.Subject, c.Detail = commandOf(e.head, put), "the instruction is new"
		return e.add(newName(put), c), true
	case d.Instructions[put].Text != e.base.Dockerfile.Instructions[b].Text:
		return e.edited(put), true
	}
	return e.restarted(&record.Vertex{Instruction: h}, nil, nil)[0], true
}

// onbuildOf finds the ONBUILD of the stage that a trigger's stage starts from, or -1.
func onbuildOf(d *record.Dockerfile, trigger int) int {
	what := func(in *record.Instruction) string {
		return strings.TrimSpace(in.Text[min(len("ONBUILD"), len(in.Text)):])
	}
	parent := d.Stages[d.Instructions[trigger].Stage].Parent
	for i := range d.Instructions {
		in := &d.Instructions[i]
		if in.Stage == parent && in.Command == "ONBUILD" && what(in) == what(&d.Instructions[trigger]) {
			return i
		}
	}
	return -1
}

// removedTrigger names what took a trigger of the base away, for a step of the head
// below it: the image that moved.
func (e *explainer) removedTrigger(b, step int) (string, bool) {
	if d := &e.base.Dockerfile; b < 0 || !d.Instructions[b].Trigger {
		return "", false
	}
	return e.otherImage(step)
}

// otherImage names the cause if the stage of an instruction starts from another
// image than before.
func (e *explainer) otherImage(instruction int) (string, bool) {
	for _, platform := range slices.Sorted(maps.Keys(e.platforms)) {
		if names := e.baseImage(instruction, platform); len(names) > 0 {
			return names[0], true
		}
	}
	return "", false
}
