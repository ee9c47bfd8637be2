package stack

import (
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/footfall-go/footfall/query"
)

// object is a JSON object of the document.
type object = map[string]any

// schemas makes JSON schemas of the types that are read and written, so that
// the document says what the code does.
type schemas struct {
	components object
	// closed types are those of requests: a name that they do not have is a
	// mistake. Answers may get further ones.
	closed  bool
	sets    map[reflect.Type][]any
	members map[string]object
	forms   map[string][]any
}

func newSchemas() *schemas {
	return &schemas{components: object{}, sets: closedSets(), members: members(), forms: forms()}
}

// nameOf is what a type is called among the components.
func nameOf(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

var (
	asText  = reflect.TypeFor[encoding.TextMarshaler]()
	special = map[reflect.Type]object{
		reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
		reflect.TypeFor[json.RawMessage](): {}, // what a sender sent
		reflect.TypeFor[any]():             {},
	}
	// optional are members that a question may lack although they are always
	// written.
	optional = map[string]bool{"range": true}
)

func (s *schemas) of(t reflect.Type) object {
	if known, ok := special[t]; ok {
		return known
	}
	if set, ok := s.sets[t]; ok {
		s.components[nameOf(t)] = object{"type": "string", "enum": set}
		return ref(nameOf(t))
	}
	switch {
	case t.Implements(asText) && t.Kind() != reflect.Pointer:
		return object{"type": "string"}
	case t == reflect.TypeFor[query.Query]():
		return ref("Query")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return object{"anyOf": []any{s.of(t.Elem()), object{"type": "null"}}}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		schema := object{"type": "object", "additionalProperties": s.of(t.Elem())}
		if _, closed := s.sets[t.Key()]; closed {
			schema["propertyNames"] = s.of(t.Key())
		}
		return schema
	case reflect.Struct:
		if t.Name() == "" {
			return s.structure(t)
		}
		return s.named(t)
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64, reflect.Float32:
		return object{"type": "number"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	default:
		return object{"type": "integer"}
	}
}

// named puts a struct among the components and refers to it.
func (s *schemas) named(t reflect.Type) object {
	name := nameOf(t)
	if _, done := s.components[name]; done {
		return ref(name)
	}
	s.components[name] = nil // its members may be of its own type
	schema := s.structure(t)
	if forms, ok := s.forms[name]; ok {
		schema["oneOf"] = forms
	}
	if t == reflect.TypeFor[query.Segment]() {
		schema = object{"anyOf": []any{object{"type": "string", "description": "the id of a stored segment"}, schema}}
	}
	s.components[name] = schema
	return ref(name)
}

func (s *schemas) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	s.addMembers(t, properties, &required)
	schema := object{"type": "object", "properties": properties, "required": required}
	if s.closed {
		schema["additionalProperties"] = false
	}
	return schema
}

func (s *schemas) addMembers(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.addMembers(f.Type, properties, required)
			continue
		case !f.IsExported() || name == "-":
			continue
		}
		fieldType := f.Type
		leaveOut := strings.Contains(options, "omit")
		if leaveOut && fieldType.Kind() == reflect.Pointer {
			fieldType = fieldType.Elem() // it is there or it is not
		}
		properties[name] = s.of(fieldType)
		if more, ok := s.members[nameOf(t)+"."+name]; ok {
			properties[name] = more
		}
		if strings.Contains(options, "string") {
			properties[name] = object{"type": "string"}
		}
		if !leaveOut && (!s.closed || !optional[name]) {
			*required = append(*required, name)
		}
	}
}

// questions adds all kinds of questions, and their answers.
func (s *schemas) questions() {
	var asked, answered []any
	s.closed = true
	for _, kind := range kinds() {
		t := reflect.TypeOf(kind.question).Elem()
		ref := s.named(t)
		asked = append(asked, ref)
		schema := s.components[path.Base(t.PkgPath())+"."+t.Name()].(object)
		schema["properties"].(object)["kind"] = object{"const": kind.question.Kind()}
		schema["required"] = append([]string{"kind"}, schema["required"].([]string)...)
	}
	// What goes with a breakdown may stand beside it, too.
	funnel := s.components["query.Funnel"].(object)["properties"].(object)
	split := s.components["query.FunnelBreakdown"].(object)["properties"].(object)
	funnel["attribution"], funnel["step"] = split["attribution"], split["step"]
	s.closed = false
	for _, kind := range kinds() {
		result := s.of(reflect.TypeOf(kind.result))
		properties, required := object{}, []string{}
		s.addMembers(reflect.TypeFor[query.Answer](), properties, &required)
		properties["kind"], properties["result"] = object{"const": kind.question.Kind()}, result
		answered = append(answered, object{"type": "object", "properties": properties, "required": required})
	}
	s.components["Query"] = object{"oneOf": asked}
	s.components["Answer"] = object{"oneOf": answered}
}
