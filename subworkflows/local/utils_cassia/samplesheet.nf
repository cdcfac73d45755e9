// A samplesheet: its rows, checked against assets/schema_input.json. All that is wrong with it is said, a line each.
include { faultOf ; faultOfFile ; fileOf } from './values'
include { lettersApart ; nearest ; shown } from './values'

// Whether a file is a samplesheet: it has the columns sample and markers; or, one of them being misspelt, three of those that
// a samplesheet needs.
def isSheet(path, schema) {
    // A file of one endless line is no samplesheet: no more is looked at than a header may need.
    def line = headerOf(path.withInputStream { stream -> new String(stream.readNBytes(65536), 'UTF-8') })
    def columns = line.split(separatorOf(line)).collect { cell -> columnOf(stripped(cell).replaceAll(/^"|"$/, ''), schema) }
    return columns.containsAll(['sample', 'markers']) || schema.items.required.count { column -> column in columns } >= 3
}

// The samples in order, each a map of column to value: text, a file, true or false; null where the cell is empty; of markers,
// the list of the files of all rows of the sample. Rows with anything wrong are left out.
def readSheet(sheet, schema, problems) {
    def rows = parseRows(sheet, problems)
    if (!rows) {
        return []
    }
    def cells = rows.head().cells.collect { cell -> stripped(cell) }
    // Names by column; those at the end that are empty are only separators.
    def written = cells.take(cells.findLastIndexOf { cell -> cell } + 1)
    def header = written.collect { name -> columnOf(name, schema) }
    def faults = faultsOfHeader(written, header, schema) + (rows.size() == 1 ? ['the samplesheet has a header and no samples'] : [])
    problems.addAll(faults.collect { fault -> "${sheet.name}: ${fault}" })
    def read = rows.tail().collect { row ->
        def found = []
        def values = valuesOf(sheet, header, row.cells, schema, found)
        problems.addAll(found.collect { fault -> "${sheet.name}, line ${row.line}, ${fault}" })
        [line: row.line, values: values, isGood: !found]
    }
    def samples = read.findAll { row -> row.isGood }.groupBy { row -> row.values.sample }.values()
    def joinedSamples = samples.collect { same -> joined(sheet, same, problems) }
    def others = [written, header].transpose().findAll { _name, column -> !(column in schema.items.properties) }.collect { name, _column -> shown(name) }
    if (others && !problems) {
        def what = others.size() == 1 ? "column ${others[0]} is" : "columns ${others.join(', ')} are"
        log.warn("${sheet.name}: ${what} not read; known are ${schema.items.properties.keySet().join(', ')}")
    }
    return joinedSamples
}

// The rows of one sample as one: the files of all of them. What else they say of the sample must be the same.
def joined(sheet, rows, problems) {
    def first = rows.head()
    rows.tail().each { row ->
        def told = "${sheet.name}, line ${row.line}, sample: ${shown(first.values.sample)} is in line ${first.line} too, and rows of one sample are several files of it"
        def other = first.values.keySet().find { column -> column != 'markers' && row.values[column] != first.values[column] }
        if (other) {
            def said = [first, row].collect { one -> one.values[other] == null ? 'empty' : shown(one.values[other]) }
            problems << "${told}; its ${other} is ${said[0]} there and ${said[1]} here: make them the same, or name the samples apart"
        }
        def same = rows.find { earlier -> earlier.line < row.line && earlier.values.markers == row.values.markers }
        if (same) {
            problems << "${told}; ${shown(row.values.markers.name)} is already in line ${same.line}: remove one of the two, or name the samples apart"
        }
    }
    return first.values + [markers: rows*.values*.markers]
}

// The column that a name in the header means: in any letter case, and by another name that people use for it.
def columnOf(name, schema) {
    def plain = name.toLowerCase().replaceAll(/[\s-]+/, '_')
    return schema.items.properties.find { column, spec -> plain == column || plain in spec.aliases }?.key ?: name
}

// What is wrong with the columns, `written` so in the file. One that is unknown is wrong if it is one of ours with a letter or
// two wrong, else a column of somebody else's.
def faultsOfHeader(written, header, schema) {
    def known = schema.items.properties.keySet()
    def faults = header.unique(false).collect { column ->
        if (!column) {
            return "column ${header.indexOf(column) + 1} has no name; name it or remove it"
        }
        if (column in known) {
            return header.count(column) > 1 ? "column ${column} is there twice; keep one" : null
        }
        def isMisspelt = column.size() > 4 && known.any { name -> lettersApart(column, name) <= 2 }
        isMisspelt ? "unknown column ${shown(written[header.indexOf(column)])}; did you mean ${nearest(column, known)}? Known are ${known.join(', ')}" : null
    }
    def lacking = schema.items.required.findAll { column -> !(column in header) }
    return faults.findAll() + lacking.collect { column -> "column ${column} is missing; expected ${schema.items.properties[column].errorMessage}" }
}

// The values of a row by column. What is wrong with it is added to `faults`, each with its column in front.
def valuesOf(sheet, header, row, schema, faults) {
    def cells = row.drop(header.size()).any { cell -> stripped(cell) } ? row : row.take(header.size())
    if (cells.size() != header.size()) {
        faults << "all columns: ${cells.size()} cells where the header has ${header.size()}; expected double quotes around text with a comma"
        return [:]
    }
    return schema.items.properties.findAll { column, _spec -> column in header }.collectEntries { column, spec ->
        def cell = cells[header.lastIndexOf(column)]
        def text = stripped(cell)
        if (!text) {
            faults.addAll(column in schema.items.required ? ["${column}: the cell is empty; expected ${spec.errorMessage}"] : [])
            return [column, null]
        }
        def path = spec.exists ? fileOf(text, sheet.parent) : null
        def fault = spec.exists ? faultOfFile(path, column == 'markers') : faultOf(text, spec)
        if (fault) {
            faults << "${column} ${shown(text)}: ${fault}${fault == 'no such file' ? ', neither beside the samplesheet nor in the launch folder' : ''}"
        }
        // A person's prose stays as it is.
        [column, path ?: column == 'additional_info' ? cell : spec.type == 'boolean' ? text.equalsIgnoreCase('true') : text]
    }
}

// The rows of a CSV file, as [ line, cells ], the header first; rows without any text are left out. Cells are parted as in the
// header; in double quotes there may be separators, newlines and doubled quotes, of which Nextflow's splitCsv reads only the first.
def parseRows(sheet, problems) {
    def text = new String(sheet.bytes, 'UTF-8').replaceFirst(/^\ufeff/, '')
    if (text.contains('\ufffd')) {
        problems << "${sheet.name}: the samplesheet is not UTF-8; save it as CSV UTF-8"
        return []
    }
    def separator = separatorOf(headerOf(text))
    def quoted = '"((?:[^"]|"")*+)"'
    def bare = "((?:[^\"\r\n${separator}][^\r\n${separator}]*+)?)"
    def cell = java.util.regex.Pattern.compile("\\G(?:${quoted}|${bare})(${separator}|\r\n|\n|\r|\\z)")
    def found = cell.matcher(text).results().toList()
    def rows = [[line: 1, cells: []]]
    def line = 1
    found.each { match ->
        line += match.group().count('\n')
        rows.last().cells << (match.group(1) == null ? match.group(2) : match.group(1).replace('""', '"'))
        if (match.group(3) != separator) {
            rows << [line: line, cells: []]
        }
    }
    if (!found || found.last().end() < text.size()) {
        problems << "${sheet.name}, line ${line}: a cell with double quotes is not closed, or has text after its quotes"
        return []
    }
    return rows.findAll { row -> row.cells.any { content -> stripped(content) } && !isHint(row.cells.join(separator)) }
}

// The header: the first line that has any text, but Excel's hint. '' if there is none.
def headerOf(text) {
    return text.readLines().find { line -> line =~ /[^\s\p{Z}\ufeff,;"]/ && !isHint(line) } ?: ''
}

// Whether a line is `sep=;`, by which Excel is told what parts cells.
def isHint(line) {
    return stripped(line) ==~ /(?i)"?sep=.?"?/
}

// What parts the cells of a header: of the marks that can, the one that is there most often.
def separatorOf(line) {
    return ['\t', ',', ';'].max { mark -> line.count(mark) }
}

// A cell without white space around it, also that which word processors and web pages put there.
def stripped(text) {
    return text.replaceAll(/^[\s\p{Z}\ufeff]+|[\s\p{Z}\ufeff]+$/, '')
}
