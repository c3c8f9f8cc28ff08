# Starts the services of this front end, and leaves a mark here while it goes on. A return of the cmdlet proves nothing; the list of services does.
#   module      the product's module
#   run, step   the names of the mark
#   token       the newest token of the step
param([string] $Arguments)
$a = Read-Arguments $Arguments
Invoke-Marked $a {
    if (@(Get-ProductServices $a.module | Where-Object { $_.status -ne 'Running' }).Count -gt 0) { Start-CsWindowsService -Confirm:$false }
}
